import { personOf, pickedPerson, rememberPerson } from '../connect/person';
import { FormError, oneOf } from '../http/form-error';
import type { IncomingRequest } from '../http/incoming-request';
import { redirect, type OutgoingResponse } from '../http/outgoing-response';
import type { QrAction } from '../operations/logins';
import type { Services } from '../operations/operation';
import { OPERATIONS } from '../operations/table';
import { languageOf } from '../pages/language';
import { isBadInput } from '../world/bad-input';
import { MINUTE_MS } from '../world/clock';
import { parseSwitchValue, setSwitches } from '../world/switch-values';
import { homePage } from './home-page';
import { HOME_TEXTS } from './home-texts';

/** `/`: the emulator's own page. A POST carries out the `action` of one of its forms. */
export function handleHome(incoming: IncomingRequest, services: Services): OutgoingResponse {
  const { action } = incoming.form;
  if (incoming.method === 'POST' && action !== undefined) {
    return redirect('/', 303, carryOut(action, incoming, services) ?? {});
  }
  return homePage({
    services,
    person: personOf(incoming, services.world),
    origin: incoming.origin,
    language: languageOf(incoming.headers['accept-language']),
  });
}

/** @throws FormError for a wrong value of the form, and for one that the emulator's own checks refuse. */
function carryOut(name: string, incoming: IncomingRequest, services: Services) {
  try {
    return ACTIONS[oneOf(Object.keys(ACTIONS), 'action', name)]?.(incoming, services);
  } catch (error) {
    throw isBadInput(error) ? new FormError(error.message) : error;
  }
}

/** Returns the headers of the response. */
type Action = (incoming: IncomingRequest, services: Services) => Record<string, string> | undefined;

const ACTIONS: Readonly<Record<string, Action>> = {
  switches: changeSwitches,
  person: pickPerson,
  advance: advanceClock,
  clear: (_, services) => void OPERATIONS.clearRequests.run({}, services),
  withdraw: (_, services) => {
    OPERATIONS.clearFaults.run({}, services);
    return undefined;
  },
  reset: (_, services) => {
    OPERATIONS.reset.run({}, services);
    return undefined;
  },
  qr: useQrCode,
};

function changeSwitches({ form }: IncomingRequest, { world }: Services): undefined {
  const fields = Object.entries(form).filter(([name]) => name !== 'action');
  const values = fields.map(([name, text]) => [name, parseSwitchValue(name, text)] as const);
  setSwitches(world.switches, Object.fromEntries(values));
}

function pickPerson(incoming: IncomingRequest, { world }: Services): Record<string, string> {
  return rememberPerson(pickedPerson(incoming, world));
}

function advanceClock({ form }: IncomingRequest, { world }: Services): undefined {
  const minutes = oneOf(Object.keys(HOME_TEXTS.zh.minutes), 'minutes', form['minutes']);
  world.clock.advance(Number(minutes) * MINUTE_MS);
}

/** Does nothing with a QR code that is gone: the emulator may have been reset since the page was shown. */
function useQrCode(incoming: IncomingRequest, services: Services): Record<string, string> {
  const { phone, uuid = '' } = incoming.form;
  const action = oneOf(QR_ACTIONS, 'phone', phone) as QrAction['action'];
  const person = pickedPerson(incoming, services.world);
  if (services.world.qrLogins.find(uuid)) OPERATIONS.actOnQr.run({ uuid, action, user: person.id }, services);
  return rememberPerson(person);
}

const QR_ACTIONS: readonly QrAction['action'][] = ['scan', 'confirm', 'cancel'];
