// A real database for the SQL of the guides.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
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

/** A database in a temporary folder. The command sqlite3 runs each statement. */
export class SqliteDatabase {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'guide-database-'));

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
    const binds = values.map(
      (value, index) => `.parameter set $${index + 1} "'${String(value).replaceAll("'", "''")}'"`,
    );
    const output = execFileSync(SQLITE, ['-json', path.join(this.#folder, 'db')], {
      input: [...binds, `${statement};`].join('\n'),
      encoding: 'utf8',
    });
    return output.trim() ? (JSON.parse(output) as Row[]) : [];
  }

  /** As run(), in the shape that the guides expect of `db.query`. */
  readonly query = (statement: string, values: readonly unknown[]): Promise<Row[]> =>
    Promise.resolve(this.run(statement, values));

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
