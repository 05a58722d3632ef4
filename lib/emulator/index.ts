/**
 * A local WeChat for development and tests. docs/emulator.md says what it emulates and what it does not.
 *
 * @module express-wechat-auth/emulator
 */
export { createEmulator, type Emulator, type EmulatorOptions } from './emulator';
export type { CodeRequest, EmulatorControls } from './controls';
export type { PersonOptions } from './operations/authorize';
export { PageRefusal } from './connect/page-refusal';
export type { Callbacks } from './connect/behaviour';
export { selfSignedCertificate, type KeyAndCertificate } from './tls/self-signed';
export type { EmulatorFault, FaultMatch, FaultOptions } from './faults/fault';
export type { EmulatorApp, EmulatorApps } from './world/apps';
export type { EmulatorClock } from './world/clock';
export type { EncryptedUser } from './world/people/encrypted-data';
export type { RecordedRequest } from './world/request-log';
export type { EmulatorSwitches } from './world/switches';
export type { EmulatorUser } from './world/people/users';
