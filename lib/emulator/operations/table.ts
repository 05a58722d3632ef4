import { CREDENTIAL_OPERATIONS } from './credentials';
import { FAULT_OPERATIONS } from './faults';
import { LOGIN_OPERATIONS } from './logins';
import { WORLD_OPERATIONS } from './world-operations';

/**
 * Everything that a test can do with an emulator. The Node API (`controls.ts`) and the control API over HTTP
 * (`control/`) both carry out these operations, so that neither can lag behind the other.
 */
export const OPERATIONS = {
  ...WORLD_OPERATIONS,
  ...FAULT_OPERATIONS,
  ...LOGIN_OPERATIONS,
  ...CREDENTIAL_OPERATIONS,
};
