import { words, type Words } from '../report/bilingual';

/** What came along when a value was copied. */
export function dirtIn(value: string): Words | undefined {
  if (value.trim() === '') return words('is empty', '为空');
  if (/^["'“”‘’`].*["'“”‘’`]$/.test(value.trim())) return words('has quotes around it', '带有引号');
  if (/\s/.test(value)) return words('has a blank or a line break in it', '含有空格或换行');
  if (/[^\u0021-\u007e]/.test(value))
    return words('has an invisible or full-width character in it', '含有不可见字符或全角字符');
  return undefined;
}
