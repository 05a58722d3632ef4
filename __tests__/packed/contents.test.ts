// What npm would publish, file by file.
import { readdirSync } from 'node:fs';
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

/** What JavaScript and type declarations name in `import`, `export from`, `require()` and `import()`. */
function importsOf(name: string): string[] {
  const { importedFiles } = ts.preProcessFile(tarball.read(name), true, true);
  return importedFiles.map(({ fileName }) => fileName);
}

const code = (): string[] => tarball.names.filter((name) => /\.(?:js|d\.ts)$/.test(name));

/** Every file that holds one of these, with the words. */
function found(pattern: RegExp, names: readonly string[] = tarball.names): string[] {
  return names.flatMap((name) =>
    [...tarball.read(name).matchAll(pattern)].map(([words]) => `${name}: ${words}`),
  );
}

describe('the packed files', () => {
  it('are what the sources become, and the pages that belong beside them', () => {
    const sources = readdirSync(path.join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `dist/${name.replaceAll('\\', '/').replace(/\.ts$/, '')}`);
    expect(sources.length).toBeGreaterThan(80);
    const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'README.zh-CN.md', 'package.json'];
    const built = sources.flatMap((name) => [`${name}.js`, `${name}.d.ts`]);
    expect(tarball.names).toEqual([...pages, ...built].sort());
  });

  it('are small: none over 32 KB, a quarter of a megabyte to fetch, one on the disk', () => {
    const { files, size, unpackedSize } = tarball.packed;
    expect(files.filter((file) => file.size > 32 * KB)).toEqual([]);
    expect(size).toBeLessThan(256 * KB);
    expect(unpackedSize).toBeLessThan(KB * KB);
  });

  it('name no source map, for there is none', () => {
    expect(found(/sourceMappingURL|declarationMap/g)).toEqual([]);
  });

  it('tell nothing of the machine that built them', () => {
    const here = [ROOT, os.homedir()].map((folder) => folder.replaceAll(/[^\w]/g, '\\$&'));
    const homes = String.raw`(?<![\w.])\/(?:home|Users|root|work|tmp)\/\w|\b[A-Z]:\\\\?\w`;
    expect(found(new RegExp(`(?:${here.join('|')})(?!\\w)|${homes}`, 'g'))).toEqual([]);
  });

  it('hold no key: the only secrets are those of the apps that the emulator invents', () => {
    expect(found(/-----BEGIN [A-Z ]*KEY-----|\btest key\b|\bnpm_\w{30,}|\bgh[pousr]_\w{30,}/g)).toEqual([]);
    // What looks like one of WeChat's app secrets.
    const secrets = found(/\b(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{32}\b/g).filter(
      (words) => !words.startsWith('README'),
    );
    expect([...new Set(secrets.map((words) => words.split(':')[0]))]).toEqual([
      'dist/emulator/world/apps.js',
    ]);
  });

  it('end the first line of the command as every shell wants it', () => {
    const { bin } = tarball.manifest;
    expect(Object.keys(bin)).toEqual(['express-wechat-auth']);
    for (const file of Object.values(bin)) expect(tarball.read(file)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('begin their changelog with the version that they are', () => {
    expect(/^## (?!Unreleased$)(\S+)/m.exec(tarball.read('CHANGELOG.md'))?.[1]).toBe(
      tarball.manifest.version,
    );
  });
});

describe('what the packed files import', () => {
  const nameOf = (specifier: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
  const isBuiltin = (specifier: string): boolean => builtinModules.includes(specifier.replace(/^node:/, ''));
  const packages = (names: readonly string[]): string[] => {
    const specifiers = names.flatMap(importsOf).filter((each) => !each.startsWith('.') && !isBuiltin(each));
    return [...new Set(specifiers.map(nameOf))].sort();
  };

  it('is packed too, where it is a file, also where it is loaded late', () => {
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

  it('is declared, where it is a package, and nothing is declared in vain', () => {
    const scripts = tarball.names.filter((name) => name.endsWith('.js'));
    expect(packages(scripts)).toEqual(Object.keys(tarball.manifest.dependencies).sort());
  });

  it('is declared, where types need it', () => {
    const types = tarball.names.filter((name) => name.endsWith('.d.ts'));
    // Not imported, but augmented where the app has it.
    const augmented = types.flatMap((name) =>
      [...tarball.read(name).matchAll(/^declare module '([^']+)'/gm)].map(([, module = '']) => module),
    );
    const needed = packages(types).filter((name) => !augmented.includes(name));
    expect([augmented, needed]).toEqual([['express-session'], expect.arrayContaining(['axios'])]);
    expect(needed.filter((name) => !(name in tarball.manifest.dependencies))).toEqual([]);
  });
});

describe('a reader on the page of npm', () => {
  const HOME = /^.*github\.com\/[^/]+\/[^/#]+/;

  it('comes from a README to the pages in the repository, which npm finds by `repository`', () => {
    const { repository, homepage, bugs } = tarball.manifest;
    const { help } = new WechatAuthError('config', 'any');
    const home = HOME.exec(help)?.[0] ?? '';
    expect(home).toMatch(/^https:\/\/github\.com\//);
    expect(repository).toEqual({ type: 'git', url: `git+${home}.git` });
    expect([homepage, bugs]).toEqual([`${home}#readme`, `${home}/issues`]);
  });

  it.each(['README.md', 'README.zh-CN.md'])(
    'is led by every link of %s to a file of the repository',
    (readme) => {
      const prose = tarball.read(readme).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
      const links = [...prose.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link = '']) => link);
      expect(links.length).toBeGreaterThan(10);
      // npm puts such a link behind blob/HEAD/: a root or a step upwards would lead out of it.
      expect(links.filter((link) => /^\/|^\.\.|\\/.test(link))).toEqual([]);
      // A picture would need raw/HEAD/, and shows in no editor that has only the package.
      expect(prose).not.toMatch(/!\[[^\]]*\]\((?!https:)/);
    },
  );
});
