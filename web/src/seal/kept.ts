// What this browser keeps: keys that cannot be exported, in IndexedDB. Never written anywhere else.
export const ONE_TIME_KEYS = 'one-time-keys';
export const DEVICE_KEYS = 'device-keys';

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open('loggia', 2);
    open.onupgradeneeded = () => {
      for (const store of [ONE_TIME_KEYS, DEVICE_KEYS])
        if (!open.result.objectStoreNames.contains(store)) open.result.createObjectStore(store);
    };
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error ?? new Error('IndexedDB is not available'));
  });
}

export async function withStore<T>(
  store: string,
  mode: IDBTransactionMode,
  act: (s: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await database();
  try {
    return await new Promise<T>((resolve, reject) => {
      const tx = db.transaction(store, mode, { durability: 'strict' });
      const req = act(tx.objectStore(store));
      tx.oncomplete = () => resolve(req.result);
      tx.onerror = tx.onabort = () => reject(tx.error ?? new Error('the key could not be kept'));
    });
  } finally {
    db.close();
  }
}
