/** The findings: a table for people, JSON for programs. */
import type { Language } from '../../bilingual';
import { CHECKS, GROUPS, type CheckId, type Finding, type Group, type Status } from './check-list';
import { pad, widthOf, wrap } from './width';

export interface OutputStyle {
  readonly language: Language;
  /** The width of the terminal. */
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
export function renderGroup(group: Group, findings: readonly Finding[], style: OutputStyle): string {
  const titles = Object.values(CHECKS).map(({ title }) => widthOf(title[style.language]));
  const columns = Math.min(Math.max(style.columns, NARROWEST), WIDEST);
  const indent = 4 + Math.max(...titles) + 2;
  const rows = findings.flatMap((finding) => renderRow(finding, { ...style, columns }, indent));
  return ['', paint(GROUPS[group][style.language], 1, style), ...rows].join('\n');
}

function renderRow({ id, status, detail, remedy }: Finding, style: OutputStyle, indent: number): string[] {
  const { language } = style;
  const { sign, colour } = SIGNS[status];
  const margin = ' '.repeat(indent);
  const title = pad(CHECKS[id].title[language], indent - 4);
  const width = style.columns - indent;
  const [first = '', ...rest] = wrap(detail[language], width, language);
  const remedyLines = remedy ? wrap(remedy[language], width - 2, language) : [];
  return [
    `  ${paint(sign, colour, style)} ${title}${first}`,
    ...rest.map((line) => margin + line),
    ...remedyLines.map((line, index) => `${margin}${index === 0 ? '→ ' : '  '}${line}`),
  ];
}

function paint(text: string, code: number, { isColoured }: OutputStyle): string {
  return isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
}

const COUNTS: Readonly<Record<Status, Readonly<Record<Language, string>>>> = {
  failed: { en: 'failed', zh: '项失败' },
  warning: { en: 'with a warning', zh: '项需留意' },
  ok: { en: 'passed', zh: '项正常' },
  skipped: { en: 'skipped', zh: '项跳过' },
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
