import ts from 'typescript';

type Cache = Map<string, ts.SourceFile>;

/**
 * A compiler host that parses a file once for all programs.
 *
 * @param cacheOf the cache for a file; undefined for a file that may change
 */
export function cachingHost(
  options: ts.CompilerOptions,
  cacheOf: (file: string) => Cache | undefined,
): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.getSourceFile = (file, version, ...rest) => {
    const cache = cacheOf(file);
    const key = `${file} ${JSON.stringify(version)}`;
    const parsed = cache?.get(key) ?? parse(file, version, ...rest);
    if (parsed) cache?.set(key, parsed);
    return parsed;
  };
  return host;
}
