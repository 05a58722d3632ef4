/**
 * Whether every attack and every fault runs on all variants (WECHAT_TESTS=full). Otherwise each of them runs
 * on some variants, in rotation.
 */
export const FULL = process.env['WECHAT_TESTS'] === 'full';
