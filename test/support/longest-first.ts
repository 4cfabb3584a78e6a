import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begins with the tests that deploy: they wait most of their time, and the others run meanwhile. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const [long, short] = [true, false].map((wanted) =>
      sorted.filter(({ moduleId }) => moduleId.includes('/test/e2e/') === wanted),
    );
    return [...(long ?? []), ...(short ?? [])];
  }
}
