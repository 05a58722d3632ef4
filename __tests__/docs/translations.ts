/** Compares a block of an English page with the same block of its Chinese page. */
import ts from 'typescript';
import { COMPILED, linesOf, type Block } from './blocks';

interface Token {
  readonly text: string;
  /** Whether a page may translate it. */
  readonly isText: boolean;
}

/** The tokens of a program, without comments. */
function tokensOf({ code, language }: Block): Token[] {
  const kind = language === 'tsx' ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const source = ts.createSourceFile('tokens.ts', code, ts.ScriptTarget.Latest, true, kind);
  const tokens: Token[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return;
    const children = node.getChildren(source);
    if (children.length > 0) children.forEach(visit);
    else if (node.kind !== ts.SyntaxKind.EndOfFileToken && node.kind !== ts.SyntaxKind.SyntaxList)
      tokens.push({
        text: node.getText(source).trim(),
        isText:
          ts.isStringLiteral(node) ||
          ts.isJsxText(node) ||
          ts.isTemplateMiddleOrTemplateTail(node) ||
          ts.isTemplateHead(node) ||
          ts.isNoSubstitutionTemplateLiteral(node),
      });
  };
  visit(source);
  return tokens.filter(({ text }) => text !== '');
}

const isChinese = (text: string): boolean => /\p{Script=Han}/u.test(text);

/** The differences between two blocks, except comments and translated texts. */
export function differences(english: Block, chinese: Block): string[] {
  const places = `${english.page}:${english.line} and ${chinese.page}:${chinese.line}`;
  if (english.language !== chinese.language) return [`${places}: ${english.language}, ${chinese.language}`];
  // The output of a program, in the language of the page.
  if (english.language === 'text') return [];
  if (!COMPILED.includes(english.language)) {
    const [lines, others] = [linesOf(english), linesOf(chinese)];
    if (lines.length !== others.length) return [`${places}: ${lines.length} lines, ${others.length} lines`];
    return lines.flatMap((line, index) => {
      const other = others[index] ?? '';
      return line === other || isChinese(other) ? [] : [`${places}: ${line} | ${other}`];
    });
  }
  const [tokens, others] = [tokensOf(english), tokensOf(chinese)];
  if (tokens.length !== others.length) return [`${places}: ${tokens.length} tokens, ${others.length} tokens`];
  return tokens.flatMap((token, index) => {
    const other = others[index] ?? { text: '', isText: false };
    const isSame = token.text === other.text || (token.isText && other.isText && isChinese(other.text));
    return isSame ? [] : [`${places}: ${token.text} | ${other.text}`];
  });
}
