// A subscription as a list shows it: what of, where to, how it goes. Pure.
import type { Json } from '../../../api/ngsi';
import { isObject, time } from '../entity';

export type State = 'active' | 'failing' | 'paused' | 'expired';
export interface Told {
  id: string;
  name: string;
  types: string[];
  attrs: string[];
  q: string;
  area: boolean;
  uri: string;
  state: State;
  sent: number;
  failed: number;
  lastSent: number | null;
  lastSuccess: number | null;
  lastFailure: number | null;
  expires: number | null;
  throttling: number | null;
}
const texts = (v: unknown): string[] =>
  Array.isArray(v) ? v.filter((x) => typeof x === 'string') : [];
const number = (v: unknown): number => (typeof v === 'number' ? v : 0);

export function readTold(json: Json): Told {
  const n = isObject(json['notification']) ? json['notification'] : {};
  const e = isObject(n['endpoint']) ? n['endpoint'] : {};
  const entities = Array.isArray(json['entities']) ? json['entities'] : [];
  const id = String(json['id']);
  const status = json['status'];
  return {
    id,
    name:
      typeof json['subscriptionName'] === 'string'
        ? json['subscriptionName']
        : id.replace(/^urn:ngsi-ld:/, ''),
    types: entities.flatMap((x: unknown) =>
      isObject(x) && typeof x['type'] === 'string' ? [x['type']] : [],
    ),
    attrs: texts(json['watchedAttributes']),
    q: typeof json['q'] === 'string' ? json['q'] : '',
    area: isObject(json['geoQ']),
    uri: String(e['uri'] ?? ''),
    state:
      status === 'expired'
        ? 'expired'
        : status === 'paused' || json['isActive'] === false
          ? 'paused'
          : n['status'] === 'failed'
            ? 'failing'
            : 'active',
    sent: number(n['timesSent']),
    failed: number(n['timesFailed']),
    lastSent: time(n['lastNotification']),
    lastSuccess: time(n['lastSuccess']),
    lastFailure: time(n['lastFailure']),
    expires: time(json['expiresAt']),
    throttling: typeof json['throttling'] === 'number' ? json['throttling'] : null,
  };
}
