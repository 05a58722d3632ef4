/**
 * A local WeChat for development and tests. docs/emulator.md says what it emulates and what it does not.
 *
 * @module express-wechat-auth/emulator
 */
export { createEmulator, type Emulator, type EmulatorOptions } from './emulator';
export type { EmulatorControls, EmulatorState } from './controls';
export type { EncryptRequest, UserOfApp } from './operations/credentials';
export type { CodeRequest, QrAction, QrStatusName } from './operations/logins';
export type { PersonOptions } from './operations/person-at-page';
export { PageRefusal } from './connect/page-refusal';
export type { Callbacks } from './connect/behaviour';
export { selfSignedCertificate, type KeyAndCertificate } from './tls/authority';
export { keptCertificate, type KeptCertificate } from './tls/kept-certificate';
export { WECHAT_HOSTS } from './world/own-hosts';
export type { EmulatorFault, FaultMatch, FaultOptions } from './faults/fault';
export type { FaultEntry } from './faults/fault-plan';
export { readEmulatorConfig, type EmulatorConfig } from './schemas/config';
export type { EmulatorApp, EmulatorApps } from './world/apps/apps';
export type { EmulatorClock } from './world/clock';
export type { EncryptedUser } from './world/people/encrypted-data';
export type { RecordedRequest } from './world/request-log';
export type { EmulatorSwitches } from './world/switches';
export type { EmulatorUser } from './world/people/users';
