import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

// Wide on purpose: they catch accidents. A file is a concept, a function is a step that deserves a name.
const caps = {
  complexity: ['error', 15],
  'max-depth': ['error', 4],
  'max-params': ['error', 4],
  'max-lines': ['error', { max: 450, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
};

const testCaps = {
  'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': 'off',
  '@typescript-eslint/no-non-null-assertion': 'off',
};

// What the oldest supported Node.js lacks; see lib/core/node-version.ts.
const tooNew = [
  { object: 'Map', property: 'groupBy', message: 'Use groupBy of lib/core/collections.ts.' },
  { object: 'Object', property: 'groupBy', message: 'Use groupBy of lib/core/collections.ts.' },
  { object: 'Promise', property: 'withResolvers', message: 'Use new Promise.' },
  { object: 'Promise', property: 'try', message: 'Use an async function.' },
  { object: 'Array', property: 'fromAsync', message: 'Use for await.' },
];

export default tseslint.config(
  { ignores: ['dist', 'cdk.out', 'coverage', '.local', 'test/packaging'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { noInlineConfig: true },
    rules: {
      ...caps,
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // An interface reads better in errors and in the docs, but a type is not wrong.
      '@typescript-eslint/consistent-type-definitions': 'off',
    },
  },
  {
    files: ['lib/**', 'bin/outbox.ts', 'bin/run-outbox.ts'],
    rules: { 'no-restricted-properties': ['error', ...tooNew] },
  },
  { files: ['test/**', 'bench/**'], rules: testCaps },
  {
    // What @ts-expect-error proves not to compile has no type that these rules could check.
    files: ['test/types/**'],
    rules: {
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['*.config.{js,ts}'], rules: { 'no-restricted-exports': 'off' } },
  { files: ['*.js'], extends: [tseslint.configs.disableTypeChecked] },
  prettier,
);
