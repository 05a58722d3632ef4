/** The findings, for a person as a table and for a program as JSON. */
import { CHECKS, GROUPS, type CheckId, type Finding, type Group, type Status } from './check-list';
import type { Language } from './bilingual';
import { pad, widthOf, wrap } from './width';

export interface OutputStyle {
  readonly language: Language;
  /** Of the terminal. */
  readonly columns: number;
  readonly isColoured: boolean;
}

const SIGNS: Readonly<Record<Status, { readonly sign: string; readonly colour: number }>> = {
  ok: { sign: '✔', colour: 32 },
  failed: { sign: '✖', colour: 31 },
  warning: { sign: '!', colour: 33 },
  skipped: { sign: '–', colour: 90 },
};

const NARROWEST = 40;
const WIDEST = 110;

/** One group of the table, with its heading. */
export function renderGroup(group: Group, findings: readonly Finding[], look: OutputStyle): string {
  const titles = Object.values(CHECKS).map(({ title }) => widthOf(title[look.language]));
  const width = Math.min(Math.max(look.columns, NARROWEST), WIDEST);
  const indent = 4 + Math.max(...titles) + 2;
  const rows = findings.flatMap((finding) => renderRow(finding, { ...look, columns: width }, indent));
  return ['', paint(GROUPS[group][look.language], 1, look), ...rows].join('\n');
}

function renderRow({ id, status, detail, remedy }: Finding, look: OutputStyle, indent: number): string[] {
  const { sign, colour } = SIGNS[status];
  const margin = ' '.repeat(indent);
  const title = pad(CHECKS[id].title[look.language], indent - 4);
  const room = look.columns - indent;
  const [first = '', ...rest] = wrap(detail[look.language], room, look.language);
  const cure = remedy ? wrap(remedy[look.language], room - 2, look.language) : [];
  return [
    `  ${paint(sign, colour, look)} ${title}${first}`,
    ...rest.map((line) => margin + line),
    ...cure.map((line, at) => `${margin}${at === 0 ? '→ ' : '  '}${line}`),
  ];
}

function paint(text: string, code: number, { isColoured }: OutputStyle): string {
  return isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
}

const COUNTS: Readonly<Record<Status, Readonly<Record<Language, string>>>> = {
  failed: { en: 'failed', zh: '项失败' },
  warning: { en: 'to look at', zh: '项需留意' },
  ok: { en: 'fine', zh: '项正常' },
  skipped: { en: 'not known', zh: '项未知' },
};

export function renderSummary(findings: readonly Finding[], { language }: OutputStyle): string {
  const counts = (['failed', 'warning', 'ok', 'skipped'] as const).flatMap((status) => {
    const count = findings.filter((finding) => finding.status === status).length;
    return count > 0 ? `${count} ${COUNTS[status][language]}` : [];
  });
  return `\n${counts.join(language === 'zh' ? '，' : ', ')}`;
}

interface Row {
  readonly id: CheckId;
  readonly status: Status;
  readonly title: string;
  readonly detail: string;
  readonly remedy: string | null;
}

export function renderJSON(findings: readonly Finding[], language: Language): string {
  const checks = findings.map(({ id, status, detail, remedy }): Row => ({
    id,
    status,
    title: CHECKS[id].title[language],
    detail: detail[language],
    remedy: remedy?.[language] ?? null,
  }));
  return JSON.stringify({ ok: isOk(findings), checks }, null, 2);
}

export function isOk(findings: readonly Finding[]): boolean {
  return findings.every(({ status }) => status !== 'failed');
}
