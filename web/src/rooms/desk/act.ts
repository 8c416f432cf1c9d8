// What can be signed at a desk, about a request or about a hold.
export type Act = 'approve' | 'refuse' | 'release' | 'hold' | 'end_hold';
