import http from 'node:http';
import type { AddressInfo } from 'node:net';
import connect from 'connect';
import express from 'express';
import express4 from 'express4';
import type { WechatGuard, WechatAuthMiddleware } from '../../lib';
import type { HostRequest, Next } from '../../lib/middleware/http/request';

export type Handler = (req: HostRequest, res: http.ServerResponse, next: Next) => void;
export type Middleware = Handler | WechatGuard | WechatAuthMiddleware;
/** The part of a framework that the middleware needs and the tests use. */
export interface Host {
  use(handler: Middleware): unknown;
  use(path: string, handler: Middleware): unknown;
}

/** The frameworks that the middleware supports. */
export const HOSTS = ['Express 5', 'Express 4', 'Connect'] as const;
export type HostName = (typeof HOSTS)[number];

/** An app of this framework: a request listener with `use`. */
export function createHost(name: HostName): Host & http.RequestListener {
  const make = { 'Express 5': express, 'Express 4': express4, Connect: connect }[name] as () => unknown;
  return make() as Host & http.RequestListener;
}

/** Lets Express trust the headers of the proxy before it, such as X-Forwarded-Proto. */
export function trustProxy(app: Host): void {
  (app as unknown as { set(name: string, value: unknown): void }).set('trust proxy', 1);
}

export interface Running {
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(listener: http.RequestListener): Promise<Running> {
  const server = http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
