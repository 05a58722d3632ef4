import { bilingual, type Bilingual } from '../report/bilingual';

/** What came along when a value was copied. */
export function findStray(value: string): Bilingual | undefined {
  if (value.trim() === '') return bilingual('is empty', '为空');
  if (/^["'“”‘’`].*["'“”‘’`]$/.test(value.trim())) return bilingual('has quotes around it', '带有引号');
  if (/\s/.test(value)) return bilingual('has a blank or a line break in it', '含有空格或换行');
  if (/[^\u0021-\u007e]/.test(value))
    return bilingual('has an invisible or full-width character in it', '含有不可见字符或全角字符');
  return undefined;
}
