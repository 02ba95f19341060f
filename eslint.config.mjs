import pluginVue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import { arrowsRule } from './lint/arrows.mjs'

const TYPED = ['server/**/*.ts', 'core/**/*.ts', 'agent/**/*.ts', 'shared/**/*.ts', 'tests/**/*.ts']

export default tseslint.config(
  { ignores: ['.nuxt/', '.output/', '.strata/', 'data/', 'dist/', 'drizzle/', 'examples/', 'public/'] },
  {
    plugins: { strata: { rules: { arrows: arrowsRule } } },
    rules: { 'strata/arrows': 'error' },
  },
  ...tseslint.configs.recommended,
  ...pluginVue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    rules: {
      // Route files are named by their address, and prettier decides how markup is laid out.
      'vue/multi-word-component-names': 'off',
      'vue/html-self-closing': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/require-default-prop': 'off', // an optional prop of TypeScript may well be undefined
      'vue/no-v-html': 'error', // text from servers and logs is text, never markup
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
    },
  },
  {
    files: TYPED,
    extends: [tseslint.configs.recommendedTypeCheckedOnly],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A method may be asynchronous because its port is, and not wait for anything.
      '@typescript-eslint/require-await': 'off',
      // Ports and services are objects of closures: none of their methods knows `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowNever: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Tests read what programs answered and say what they expect of it.
    files: ['tests/**/*.ts'],
    rules: Object.fromEntries(
      ['assignment', 'argument', 'call', 'member-access', 'return'].map(use => [
        `@typescript-eslint/no-unsafe-${use}`,
        'off',
      ]),
    ),
  },
  {
    files: ['**/*.ts', '**/*.vue'],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-console': 'error', // programs log through their logger
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  // These talk to whoever sits at the terminal.
  { files: ['tests/fakes/**', 'tests/support/**'], rules: { 'no-console': 'off' } },
)
