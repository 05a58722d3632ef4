/** WECHAT_TESTS=full: every combination of the hostile tests, where they take turns otherwise. */
export const FULL = process.env['WECHAT_TESTS'] === 'full';
