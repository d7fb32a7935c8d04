/** Tests, and the fixtures that stand beside them. */
const tests = '\\.test\\.ts$|/fixtures?(/|\\.ts$)|/[a-z0-9-]+-fixture\\.ts$';
const testing = '^libs/testing/';
const extensions = '^libs/(providers|builders|runtimes)/src/';
const ours = '^(libs|services)/';

/** Which of our libraries a library may import. Services may import any of them, apart from the rules further down. */
const allowed = {
  archive: ['model'],
  builders: ['model', 'archive', 'egress', 'docker'],
  cli: ['client', 'config'],
  client: [],
  config: ['model'],
  database: ['model'],
  docker: ['model'],
  egress: ['model'],
  'embedded-postgres': ['model'],
  http: ['model'],
  logger: ['model'],
  model: [],
  probe: ['model'],
  plugin: ['model', 'registry', 'plugin-host'],
  'plugin-host': ['model', 'registry'],
  providers: ['model', 'archive', 'egress', 'docker'],
  queue: ['model'],
  registry: ['model'],
  runtimes: ['model', 'archive', 'egress', 'docker', 'probe'],
  storage: ['model', 'archive'],
};

const libraryRules = Object.entries(allowed).map(([name, others]) => ({
  name: `lib-${name}`,
  comment: `libs/${name} may import ${others.length > 0 ? others.join(', ') : 'nothing'} of ours`,
  severity: 'error',
  from: { path: `^libs/${name}/`, pathNot: tests },
  to: { path: ours, pathNot: `^libs/(${[name, ...others].join('|')})/` },
}));

/** Libraries that a service must do without. */
const forbidden = {
  api: ['providers', 'builders', 'runtimes', 'registry', 'docker', 'egress'],
  catalog: ['database', 'queue', 'storage'],
  gateway: ['providers', 'builders', 'runtimes', 'registry', 'docker', 'queue'],
};

const serviceRules = Object.entries(forbidden).map(([name, libs]) => ({
  name: `service-${name}`,
  comment: `services/${name} does its work without ${libs.join(', ')}`,
  severity: 'error',
  from: { path: `^services/${name}/`, pathNot: tests },
  to: { path: `^libs/(${libs.join('|')})/` },
}));

module.exports = {
  forbidden: [
    ...libraryRules,
    ...serviceRules,
    {
      name: 'known-library',
      comment: 'a new library needs a line in `allowed`',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${Object.keys(allowed).join('|')}|testing)/` },
      to: {},
    },
    {
      name: 'libraries-know-no-service',
      severity: 'error',
      from: { path: '^libs/', pathNot: [tests, testing] },
      to: { path: '^services/' },
    },
    {
      name: 'services-know-no-other',
      comment: 'services talk over HTTP and SQL; only standalone starts the others',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: [tests, '^services/standalone/'] },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'no-sibling-extension',
      comment: 'a provider, builder or runtime is one folder; shared code stands beside the folders',
      severity: 'error',
      from: { path: `${extensions}([^/]+)/` },
      to: { path: `${extensions}[^/]+/`, pathNot: '^libs/$1/src/$2/' },
    },
    {
      name: 'testing-stays-in-tests',
      severity: 'error',
      from: { path: ours, pathNot: [tests, testing] },
      to: { path: [testing, 'node_modules/(@tapjs|tap|fast-check)/'] },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { path: ours },
      to: { path: '\\.test\\.ts$' },
    },
    {
      name: 'no-package-internals',
      comment: 'another package is imported by its name, which gives what its `exports` lists',
      severity: 'error',
      from: { path: '^((?:libs|services)/[^/]+)/' },
      to: { path: ours, pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    { name: 'no-compiled-code', severity: 'error', from: {}, to: { path: '^(libs|services)/[^/]+/dist/' } },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared-package',
      severity: 'error',
      from: { path: ours },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-package-in-production',
      severity: 'error',
      from: { path: '^(libs|services)/[^/]+/src/', pathNot: [tests, testing] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: [tests, '/src/(index|main)\\.ts$', '/bin/', '\\.d\\.ts$'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.tap|\\.turbo)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['development', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
