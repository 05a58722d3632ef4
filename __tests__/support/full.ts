/**
 * Whether every attack and every fault meets all variants (WECHAT_TESTS=full) instead of some of them in
 * rotation.
 */
export const FULL = process.env['WECHAT_TESTS'] === 'full';
