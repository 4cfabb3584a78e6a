/** What the provider does is told by the card, as with the test cards of real ones. Any other card is good. */
export const testCards = {
  good: 'card-good',
  /** The bank says no. */
  refused: 'card-refused',
  /** The money is taken, and the first answer is lost on its way. */
  firstAnswerLost: 'card-first-answer-lost',
  /** The money is taken, and no answer ever comes. */
  silent: 'card-silent',
  /** The money is taken, and the answer comes a second time, by itself. */
  answersTwice: 'card-answers-twice',
} as const;
