// A real database for the SQL of the guides.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { blocksOfGuide } from './guide';

const SQLITE = process.env['SQLITE'] ?? '/usr/bin/sqlite3';

/** Whether the tests on SQLite run. With CI=true they always run, and fail if it is not installed. */
function hasSqlite(): boolean {
  const mustRun = existsSync(SQLITE) || process.env['CI'] === 'true';
  if (!mustRun) process.stderr.write(`\nSKIPPED: the tests on SQLite: there is no ${SQLITE}\n`);
  return mustRun;
}

/** Describes tests on SQLite, which are skipped if it is not installed. */
export const describeOnSqlite = hasSqlite() ? describe : describe.skip;

type Row = Record<string, unknown>;

/** The commands that set the parameters `$1`, `$2`, … */
const bindsOf = (values: readonly unknown[]): string[] =>
  values.map((value, index) => `.parameter set $${index + 1} "'${String(value).replaceAll("'", "''")}'"`);

const rowsOf = (output: string): Row[] => (output.trim() ? (JSON.parse(output) as Row[]) : []);

/** A database in a temporary folder. The command sqlite3 runs each statement. */
export class SqliteDatabase {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'guide-database-'));
  readonly #connections: SqliteConnection[] = [];

  /** A database with the tables of a guide. */
  static ofGuide(guide: string): SqliteDatabase {
    const tables = blocksOfGuide(guide).find(({ language }) => language === 'sql');
    if (!tables) throw new Error(`${guide} has no block of SQL`);
    const database = new SqliteDatabase();
    database.run(tables.code);
    return database;
  }

  /** Runs a statement, whose parameters are `$1`, `$2`, … Returns its rows. */
  run(statement: string, values: readonly unknown[] = []): Row[] {
    const output = execFileSync(SQLITE, ['-json', path.join(this.#folder, 'db')], {
      input: [...bindsOf(values), `${statement};`].join('\n'),
      encoding: 'utf8',
    });
    return rowsOf(output);
  }

  /** As run(), in the shape that the guides expect of `db.query`. */
  readonly query = (statement: string, values: readonly unknown[]): Promise<Row[]> =>
    Promise.resolve(this.run(statement, values));

  /** A connection, in which a transaction lasts from one statement to the next. */
  connect(): SqliteConnection {
    const pipe = path.join(this.#folder, `connection-${this.#connections.length}`);
    const connection = new SqliteConnection(path.join(this.#folder, 'db'), pipe);
    this.#connections.push(connection);
    return connection;
  }

  remove(): void {
    for (const connection of this.#connections) connection.close();
    rmSync(this.#folder, { recursive: true });
  }
}

const END = '--end--';

/** A process of the command sqlite3. Its calls are synchronous, as those of better-sqlite3. */
export class SqliteConnection {
  readonly #input: number;
  readonly #output: number;

  constructor(file: string, pipe: string) {
    execFileSync('mkfifo', [`${pipe}-in`, `${pipe}-out`]);
    // Opened for both directions, because opening a pipe for one direction waits for the other end.
    this.#input = openSync(`${pipe}-in`, 'r+');
    const output = openSync(`${pipe}-out`, 'r+');
    spawn(SQLITE, ['-json', file], { stdio: [this.#input, output, output] });
    this.#output = openSync(`${pipe}-out`, 'r');
    // The process alone can write now, so that its end is the end of the pipe.
    closeSync(output);
  }

  run(statement: string, values: readonly unknown[] = []): Row[] {
    writeSync(this.#input, [...bindsOf(values), `${statement};`, `.print ${END}`, ''].join('\n'));
    const chunk = Buffer.alloc(65_536);
    const chunks: Buffer[] = [];
    let output = '';
    while (!output.endsWith(`${END}\n`)) {
      const length = readSync(this.#output, chunk);
      if (length === 0) throw new Error(`sqlite3 ended: ${output}`);
      chunks.push(Buffer.from(chunk.subarray(0, length)));
      output = Buffer.concat(chunks).toString();
    }
    output = output.slice(0, -END.length - 1);
    if (/^[^[\s]/.test(output)) throw new Error(output);
    return rowsOf(output);
  }

  close(): void {
    writeSync(this.#input, '.quit\n');
    closeSync(this.#input);
    closeSync(this.#output);
  }
}

/** What the guides use of better-sqlite3, whose `$1` is a name and not a place. */
export function betterSqlite3(database: SqliteDatabase): new () => object {
  return class {
    readonly #connection = database.connect();
    inTransaction = false;

    exec(sql: string): void {
      this.#connection.run(sql);
      this.inTransaction = sql.startsWith('BEGIN');
    }

    prepare(sql: string): object {
      const values = (named: Readonly<Record<string, unknown>>): unknown[] => {
        expect(Array.isArray(named)).toBe(false);
        return Object.keys(named).map((_, index) => named[String(index + 1)]);
      };
      const reader = /^select|returning/im.test(sql);
      const execute = (named: Readonly<Record<string, unknown>>): unknown =>
        this.#connection.run(sql, values(named));
      return reader ? { reader, all: execute } : { reader, run: execute };
    }
  };
}

interface PgClient {
  query(sql: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>;
  release(): void;
}

/** What the guides use of pg: a pool of connections, of which `pool.query()` takes one that nobody has. */
export function pgPool(database: SqliteDatabase): { new (): object; readonly taken: ReadonlySet<object> } {
  /** The connections that were not put back. */
  const taken = new Set<SqliteConnection>();
  const free: SqliteConnection[] = [];
  const connect = (): PgClient => {
    const connection = free.pop() ?? database.connect();
    taken.add(connection);
    return {
      query: async (sql, values) => Promise.resolve({ rows: connection.run(sql, values) }),
      release: () => {
        taken.delete(connection);
        free.push(connection);
      },
    };
  };
  return class {
    static readonly taken = taken;

    on(event: string): void {
      expect(event).toBe('error');
    }

    connect(): Promise<PgClient> {
      return Promise.resolve(connect());
    }

    query(sql: string, values: readonly unknown[]): Promise<{ rows: Row[] }> {
      const client = connect();
      return client.query(sql, values).finally(() => {
        client.release();
      });
    }
  };
}
