import { Listr, PRESET_TIMER } from 'listr2';

/** Shows what a step is doing. */
export type Say = (text: string) => void;

/** Does one step of the walk-through under a title, with a sign of life. Answers with what `work` answers with. */
export async function step<T>(title: string, work: (say: Say) => Promise<T>): Promise<T> {
  const done: T[] = [];
  const steps = new Listr(
    {
      title,
      task: async (_, task) => {
        const say: Say = (text) => {
          // Where nothing can be overwritten, each word would be a line of its own.
          if (process.stdout.isTTY) task.output = text;
        };
        done.push(await work(say));
      },
    },
    {
      fallbackRenderer: 'simple',
      // The caller shows the error, in full.
      rendererOptions: { showErrorMessage: false, collapseErrors: false, timer: PRESET_TIMER },
      fallbackRendererOptions: { timer: PRESET_TIMER },
      // A signal ends the whole program, which tidies up by itself.
      registerSignalListeners: false,
    },
  );
  await steps.run();
  return done[0] as T;
}
