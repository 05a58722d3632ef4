import type { RecordedRequest } from '../world/request-log';
import type { World } from '../world/world';

/** A recorded request as the control API shows it: with the secrets of the developer's own apps masked. */
export function withoutSecrets(request: RecordedRequest, { apps }: World): RecordedRequest {
  const mask = (texts: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, apps.withoutSecrets(text)]));
  const { path: requested, query, form, headers, warning, fault } = request;
  return {
    ...request,
    path: apps.withoutSecrets(requested),
    query: mask(query),
    form: mask(form),
    headers: mask(headers),
    ...(warning !== undefined && { warning: apps.withoutSecrets(warning) }),
    ...(fault !== undefined && { fault: apps.withoutSecrets(fault) }),
  };
}
