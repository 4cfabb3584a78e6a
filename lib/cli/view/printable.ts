const controls = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** A text from elsewhere, safe to show: what would move the cursor or colour the screen becomes `?`. */
export function printable(text: string): string {
  return text.replaceAll(controls, '?');
}
