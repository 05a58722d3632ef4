// The workflows use only pinned actions and images, and only one job may publish: it runs nothing except
// `npm publish`.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const FOLDER = path.resolve(__dirname, '../.github/workflows');
const FILES = readdirSync(FOLDER);
/** A workflow without comments, except those after a pinned action: they name its version. */
const read = (file: string): string =>
  readFileSync(path.join(FOLDER, file), 'utf8').replaceAll(/^ *#.*\n/gm, '');

/** The value of every `key:` of a text, in order. */
const valuesOf = (text: string, key: string): string[] =>
  [...text.matchAll(new RegExp(`^ *(?:- )?${key}: *(.*)$`, 'gm'))].map(([, value = '']) => value.trim());

/** The jobs of a workflow: name → text. */
function jobsOf(workflow: string): Readonly<Record<string, string>> {
  const [, jobs = ''] = workflow.split(/^jobs:\n/m);
  const parts = jobs.split(/^ {2}([\w-]+):\n/m).slice(1);
  return Object.fromEntries(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? '']] : [])));
}

/** The rights of a job beyond reading: write permissions, tokens, secrets. */
const rightsOf = (text: string): string[] =>
  [...text.matchAll(/[\w-]+: write(?:-all)?\b|NODE_AUTH_TOKEN|\bsecrets\b/g)].map(([right]) => right);

function unpinnedIn(workflow: string): string[] {
  const isPinnedAction = (value: string): boolean =>
    /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(value);
  const isPinnedImage = (value: string): boolean =>
    value === '${{ matrix.image }}' || /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(value);
  return [
    ...valuesOf(workflow, 'uses').filter((value) => !isPinnedAction(value)),
    ...valuesOf(workflow, 'image').filter((value) => !isPinnedImage(value)),
    ...valuesOf(workflow, 'container').filter((value) => value !== ''),
  ];
}

describe('the workflows', () => {
  it.each(FILES)('pin every action by its commit and every image by its digest: %s', (file) => {
    const workflow = read(file);
    expect(valuesOf(workflow, 'uses').length).toBeGreaterThan(0);
    expect(unpinnedIn(workflow)).toEqual([]);
  });

  it.each(FILES)('start without permissions, or with the one to read: %s', (file) => {
    const [head = ''] = read(file).split(/^jobs:\n/m);
    expect(head).toMatch(/^permissions:(?: \{\}|\n {2}contents: read)\n/m);
    expect(rightsOf(head)).toEqual([]);
  });

  it('give the right and the token to publish to one job, and no job any other right', () => {
    const rights = FILES.flatMap((file) =>
      Object.entries(jobsOf(read(file))).map(([job, text]) => [`${file}: ${job}`, rightsOf(text)] as const),
    );
    expect(rights.length).toBeGreaterThan(2);
    expect(rights.filter(([, found]) => found.length > 0)).toEqual([
      ['release.yml: publish', ['id-token: write', 'NODE_AUTH_TOKEN', 'secrets']],
    ]);
  });

  it('keep no credentials in a checkout', () => {
    const checkouts = FILES.flatMap((file) => [
      ...read(file).matchAll(/uses: actions\/checkout@.*\n(?: +with:\n +persist-credentials: false\n)?/g),
    ]);
    expect(checkouts.length).toBeGreaterThan(1);
    expect(checkouts.filter(([text]) => !text.includes('persist-credentials: false'))).toEqual([]);
  });
});

describe('the job that publishes', () => {
  const { pack = '', publish = '' } = jobsOf(read('release.yml'));

  it('waits for the tests and the tarball, and for a maintainer', () => {
    expect(valuesOf(publish, 'needs')).toEqual(['pack']);
    expect(valuesOf(publish, 'environment')).toEqual(['npm']);
    expect(valuesOf(pack, 'run').slice(-2)).toEqual([
      '.ci/run',
      'mkdir release && npm pack --ignore-scripts --pack-destination release',
    ]);
    expect(pack).toContain('path: release/*.tgz');
  });

  it('runs nothing except `npm publish` of that tarball', () => {
    expect(valuesOf(publish, 'run')).toEqual([
      expect.stringMatching(/^npm publish \.\/\*\.tgz --ignore-scripts /),
    ]);
    expect(publish).not.toMatch(/&&(?! 'next')|;|\| *\n/);
    const actions = valuesOf(publish, 'uses').map((value) => value.replace(/@.*/, ''));
    expect(actions).toEqual(['actions/setup-node', 'actions/download-artifact']);
    expect(publish).not.toContain('container:');
  });

  it('publishes with provenance and the token of its environment; a pre-release does not become `latest`', () => {
    expect(publish).toContain('--provenance --access public');
    expect(publish).toContain("--tag ${{ contains(github.ref_name, '-') && 'next' || 'latest' }}");
    // Without registry-url, npm does not read NODE_AUTH_TOKEN.
    expect(publish).toContain('registry-url: https://registry.npmjs.org');
  });
});

describe('the check of the workflows', () => {
  it('finds tags, branches, short commits, images by name, and rights', () => {
    expect(
      unpinnedIn(
        [
          'jobs:',
          '  a:',
          '    container: node:24',
          '    steps:',
          '      - uses: actions/checkout@v4',
          '      - uses: actions/checkout@main # v4.0.0',
          '      - uses: actions/checkout@de0fac2 # v6.0.2',
          `      - uses: actions/checkout@${'a'.repeat(40)}`,
          `      - uses: actions/checkout@${'a'.repeat(40)} # v1.2.3`,
          '    container:',
          '      image: node:24-bookworm',
        ].join('\n'),
      ),
    ).toEqual([
      'actions/checkout@v4',
      'actions/checkout@main # v4.0.0',
      'actions/checkout@de0fac2 # v6.0.2',
      `actions/checkout@${'a'.repeat(40)}`,
      'node:24-bookworm',
      'node:24',
    ]);
    expect(rightsOf('permissions: write-all\nid-token: write\nenv: ${{ secrets.X }}')).toEqual([
      'permissions: write-all',
      'id-token: write',
      'secrets',
    ]);
  });
});
