// The files that npm would publish.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { WechatAuthError } from '../../lib';
import { ROOT, Tarball } from './tarball';

const KB = 1024;

let tarball: Tarball;
beforeAll(() => {
  tarball = new Tarball();
}, 60_000);
afterAll(() => tarball.remove());

/** The modules that a file names in `import`, `export from`, `require()` and `import()`. */
function importsOf(name: string): string[] {
  const { importedFiles } = ts.preProcessFile(tarball.read(name), true, true);
  return importedFiles.map(({ fileName }) => fileName);
}

const code = (): string[] => tarball.names.filter((name) => /\.(?:js|d\.ts)$/.test(name));

/** The declarations that TypeScript reads for an app that imports both entries, sorted. */
function publicDeclarations(): string[] {
  const entries = ['dist/index.d.ts', 'dist/emulator/index.d.ts'].map((name) =>
    path.join(tarball.contents, name),
  );
  // The types of packages are not of interest: they are looked for, and missing, beside the unpacked files.
  const program = ts.createProgram(entries, {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    noLib: true,
    types: [],
  });
  return program
    .getSourceFiles()
    .map(({ fileName }) => path.relative(tarball.contents, fileName).replaceAll('\\', '/'))
    .filter((name) => name.startsWith('dist/'))
    .sort();
}

/** Every match in the files, with the name of its file. */
function found(pattern: RegExp, names: readonly string[] = tarball.names): string[] {
  return names.flatMap((name) =>
    [...tarball.read(name).matchAll(pattern)].map(([text]) => `${name}: ${text}`),
  );
}

describe('the packed files', () => {
  it('are the compiled sources, the parts of valibot, the schema of the emulator, the READMEs and the licence', () => {
    const sources = readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `dist/${name.replaceAll('\\', '/').replace(/\.ts$/, '')}`);
    expect(sources.length).toBeGreaterThan(80);
    const pages = ['LICENSE', 'README.md', 'README.zh-CN.md'];
    const built = [...sources.map((name) => `${name}.js`), 'dist/vendor/valibot.js', ...publicDeclarations()];
    expect(tarball.names).toEqual([...pages, 'emulator.schema.json', 'package.json', ...built].sort());
  });

  it('are those that SECURITY.md lists', () => {
    const WORDS: Readonly<Record<string, string>> = {
      dist: '`dist`',
      'README.md': 'the READMEs',
      'README.zh-CN.md': 'the READMEs',
      LICENSE: 'the licence',
      'emulator.schema.json': 'the JSON Schema of the emulator',
      'package.json': '`package.json`',
    };
    const tops = [...new Set(tarball.names.map((name) => name.replace(/\/.*/, '')))];
    const security = readFileSync(path.join(ROOT, 'SECURITY.md'), 'utf8').replaceAll(/\s+/g, ' ');
    const [, listed = ''] = /The tarball contains ([^:]+):/.exec(security) ?? [];
    expect(listed.split(/, | and /).sort()).toEqual(
      [...new Set(tops.map((top) => WORDS[top] ?? top))].sort(),
    );
  });

  it('have no declarations of the command, nor of anything else that no import reaches', () => {
    const declarations = tarball.names.filter((name) => name.endsWith('.d.ts'));
    expect(declarations).toEqual(publicDeclarations());
    expect(declarations.filter((name) => name.startsWith('dist/cli'))).toEqual([]);
    expect(declarations.length).toBeGreaterThan(50);
  });

  // Scan login, the relay, logins with posted codes, accounts by request, and the control API and proxy of the
  // emulator made the package larger than 256 KB, and than one megabyte on disk; the Chinese sentences of all
  // warnings came after them.
  it('are small: at most 32 KB each, 352 KB packed, 1.2 MB on disk', () => {
    const { files, size, unpackedSize } = tarball.packed;
    expect(files.filter((file) => file.size > 32 * KB)).toEqual([]);
    expect(size).toBeLessThan(352 * KB);
    expect(unpackedSize).toBeLessThan(1.2 * KB * KB);
  });

  it('have no descriptions of the warnings, which are in docs/warnings.md', () => {
    expect(tarball.read('dist/warnings.d.ts')).toContain('WECHAT_NO_BASE_URL');
    expect(found(/@remedy/g)).toEqual([]);
  });

  it('name the licence of the code that is copied into them', () => {
    const vendored = tarball.names.filter((name) => name.startsWith('dist/vendor/'));
    expect(vendored).toEqual(['dist/vendor/valibot.js']);
    for (const name of vendored)
      expect(tarball.read(name)).toMatch(
        /MIT License[^]+Copyright \(c\) Fabian Hiller[^]+Permission is hereby/,
      );
  });

  it('refer to no source map, because none is published', () => {
    expect(found(/sourceMappingURL|declarationMap/g)).toEqual([]);
  });

  it('contain no path of the machine that built them', () => {
    const here = [ROOT, os.homedir()].map((folder) => folder.replaceAll(/[^\w]/g, '\\$&'));
    const homes = String.raw`(?<![\w.])\/(?:home|Users|root|work|tmp)\/\w|\b[A-Z]:\\\\?\w`;
    expect(found(new RegExp(`(?:${here.join('|')})(?!\\w)|${homes}`, 'g'))).toEqual([]);
  });

  it('contain no key: the only secrets are those of the emulated apps', () => {
    expect(found(/-----BEGIN [A-Z ]*KEY-----|\btest key\b|\bnpm_\w{30,}|\bgh[pousr]_\w{30,}/g)).toEqual([]);
    // Strings that look like one of WeChat's app secrets.
    const secrets = found(/\b(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{32}\b/g).filter(
      (match) => !match.startsWith('README'),
    );
    expect([...new Set(secrets.map((match) => match.split(':')[0]))]).toEqual([
      'dist/emulator/world/apps/apps.js',
    ]);
  });

  it('start the command with a line that every shell accepts', () => {
    const { bin } = tarball.manifest;
    expect(Object.keys(bin)).toEqual(['express-wechat-auth']);
    for (const file of Object.values(bin)) expect(tarball.read(file)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('have the version with which the changelog begins', () => {
    expect(/^## (?!Unreleased$)(\S+)/m.exec(readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8'))?.[1]).toBe(
      tarball.manifest.version,
    );
  });
});

describe('a module that the packed files import', () => {
  const nameOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
  const isBuiltin = (specifier: string): boolean => builtinModules.includes(specifier.replace(/^node:/, ''));
  const packages = (names: readonly string[]): string[] => {
    const specifiers = names.flatMap(importsOf).filter((each) => !each.startsWith('.') && !isBuiltin(each));
    return [...new Set(specifiers.map(nameOf))].sort();
  };

  it('is packed too, if it is a file, even if it is loaded lazily', () => {
    const missing = code().flatMap((name) =>
      importsOf(name)
        .filter((each) => each.startsWith('.'))
        .map((each) => path.posix.join(path.posix.dirname(name), each))
        .filter((each) => {
          const extension = name.endsWith('.d.ts') ? '.d.ts' : '.js';
          const bare = each.replace(/\.js$/, '');
          return ![`${bare}${extension}`, `${bare}/index${extension}`].some((file) =>
            tarball.names.includes(file),
          );
        })
        .map((each) => `${name} → ${each}`),
    );
    expect(missing).toEqual([]);
  });

  it('is a declared dependency, if it is a package, and every dependency is imported', () => {
    const scripts = tarball.names.filter((name) => name.endsWith('.js'));
    expect(packages(scripts)).toEqual(Object.keys(tarball.manifest.dependencies).sort());
  });

  it('is a declared dependency, if types need it', () => {
    const types = tarball.names.filter((name) => name.endsWith('.d.ts'));
    // The types augment this package if the app has installed it, and do not import it.
    const augmented = types.flatMap((name) =>
      [...tarball.read(name).matchAll(/^declare module '([^']+)'/gm)].map(([, module = '']) => module),
    );
    const needed = packages(types).filter((name) => !augmented.includes(name));
    expect([augmented, needed]).toEqual([['express-session'], expect.arrayContaining(['axios'])]);
    expect(needed.filter((name) => !(name in tarball.manifest.dependencies))).toEqual([]);
  });
});

describe('the READMEs on npm', () => {
  const HOME = /^.*github\.com\/[^/]+\/[^/#]+/;

  it('belong to the repository that package.json and the errors name', () => {
    const { repository, homepage, bugs } = tarball.manifest;
    const { help } = new WechatAuthError('config', 'any');
    const home = HOME.exec(help)?.[0] ?? '';
    expect(home).toMatch(/^https:\/\/github\.com\//);
    expect(repository).toEqual({ type: 'git', url: `git+${home}.git` });
    expect([homepage, bugs]).toEqual([`${home}#readme`, `${home}/issues`]);
  });

  it.each(['README.md', 'README.zh-CN.md'])('link only to files of the repository: %s', (readme) => {
    const prose = tarball.read(readme).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
    const links = [...prose.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(10);
    // npm prefixes a relative link with blob/HEAD/: an absolute path or `..` would lead out of it.
    expect(links.filter((link) => /^\/|^\.\.|\\/.test(link))).toEqual([]);
    // A relative image would need raw/HEAD/, and is missing in an editor that has only the package.
    expect(prose).not.toMatch(/!\[[^\]]*\]\((?!https:)/);
  });
});
