// `npm ci --ignore-scripts` is enough, for users and for contributors.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT, readJSON, type Manifest } from './tarball';

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly resolved?: string;
}

const { packages } = readJSON(path.join(ROOT, 'package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const LOCKED = Object.entries(packages).filter(([folder]) => folder !== '');
/** The packages that a user of this package installs with it. */
const RUNTIME = LOCKED.filter(([, { dev }]) => !dev).map(([folder]) => folder);
/** The scripts that npm runs for each package that it installs. */
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall'];

const manifestOf = (folder: string): Manifest =>
  readJSON(path.join(ROOT, folder, 'package.json')) as Manifest;
const runsAtInstall = (folder: string): boolean =>
  Object.keys(manifestOf(folder).scripts ?? {}).some((name) => INSTALL_SCRIPTS.includes(name)) ||
  // npm then runs node-gyp, even without a script.
  existsSync(path.join(ROOT, folder, 'binding.gyp'));

describe('installing the package', () => {
  it('runs no script of the package or of its dependencies', () => {
    // `prepare` would run on an installation from git.
    const ours = Object.keys(manifestOf('.').scripts ?? {});
    expect(ours.filter((name) => [...INSTALL_SCRIPTS, 'prepare'].includes(name))).toEqual([]);
    expect(RUNTIME).toEqual(expect.arrayContaining(['node_modules/axios', 'node_modules/lru-cache']));
    expect(RUNTIME.filter((folder) => packages[folder]?.hasInstallScript)).toEqual([]);
    expect(RUNTIME.filter(runsAtInstall)).toEqual([]);
  });

  it('compiles nothing: no dependency is native', () => {
    const native = RUNTIME.filter((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).some((file) =>
        file.endsWith('.node'),
      ),
    );
    expect(native).toEqual([]);
  });

  it('installs fewer than fifty packages', () => {
    expect(RUNTIME.length).toBeLessThan(50);
  });
});

describe('npm ci --ignore-scripts in this repository', () => {
  it('finds a lock file that matches package.json: npm ci refuses any other', () => {
    const { dependencies, devDependencies } = manifestOf('.') as Manifest & Locked;
    expect(packages['']).toMatchObject({ dependencies, devDependencies });
  });

  it('skips only scripts that are not needed: those packages have their binaries in a package for each platform', () => {
    const scripted = LOCKED.filter(([, { hasInstallScript }]) => hasInstallScript);
    const without = scripted.filter(([, { optionalDependencies = {} }]) =>
      ['linux-x64-gnu', 'linux-x64-glibc', '/linux-x64'].some((platform) =>
        Object.keys(optionalDependencies).some((name) => name.endsWith(platform)),
      ),
    );
    expect(scripted.length).toBeGreaterThan(0);
    expect(without).toEqual(scripted);
  });

  it("downloads only from npm's registry, or from the one that the user has configured", () => {
    const hosts = LOCKED.flatMap(([, { resolved }]) => resolved ?? []).map((url) => new URL(url).host);
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });
});
