import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/** Time, randomness, files and sockets go through broker/platform: one stray timer ends the simulation. */
const portsOnly = {
  'no-restricted-globals': [
    'error',
    ...['Date', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'process', 'fetch'].map(
      (name) => ({ name, message: 'Take it from a port of broker/platform.' }),
    ),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Take it from broker/platform/random.' },
  ],
};

const nodeGlobals = [
  ...['AbortController', 'Buffer', 'URL', 'console', 'fetch', 'module', 'performance'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'test/golden/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 90, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['broker/**/*.ts', 'operator/**/*.ts'],
    ignores: ['broker/platform/**', 'broker/main.ts', 'operator/main.ts'],
    rules: portsOnly,
  },
  {
    files: ['test/**/*.ts'],
    extends: [jest.configs['flat/recommended']],
    rules: {
      'max-lines-per-function': 'off',
      // Helpers named expectSomething() assert.
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', '**.expect*'] }],
    },
  },
  {
    // Plain JavaScript: what runs before anything is installed, and the configuration of tools.
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(nodeGlobals.map((name) => [name, false])),
    },
    rules: {
      'no-undef': 'error',
      'no-unused-vars': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
    },
  },
);
