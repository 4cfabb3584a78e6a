import { Listr, PRESET_TIMER } from 'listr2';

/** Shows what a step is doing. */
export type Say = (text: string) => void;

/** Does one step of the walk-through under a title, with a sign of life. Answers or throws as `work` does. */
export async function step<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const works: Promise<T>[] = [];
  const steps = new Listr(
    {
      title,
      task: async (_, task) => {
        const say: Say = (text) => {
          // Where nothing can be overwritten, each word would be a line of its own.
          if (process.stdout.isTTY) task.output = text;
        };
        const working = work(say);
        works.push(working);
        await working.catch(() => {
          // The caller shows the error, in full.
          throw new Error('see below');
        });
      },
    },
    {
      fallbackRenderer: 'simple',
      // It is thrown below, as it was.
      exitOnError: false,
      rendererOptions: { showErrorMessage: false, collapseErrors: false, timer: PRESET_TIMER },
      fallbackRendererOptions: { timer: PRESET_TIMER },
      // A signal ends the whole program, which tidies up by itself.
      registerSignalListeners: false,
    },
  );
  await steps.run();
  const [answer] = await Promise.all(works);
  return answer as T;
}
