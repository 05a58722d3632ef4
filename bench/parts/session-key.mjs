/** The key of all sessions. */
export const SESSION_KEY = 'a key that is as long as keys are';
