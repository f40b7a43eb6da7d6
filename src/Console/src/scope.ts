import { BuildAction } from './api';

/** What a link to an action has to say beside its digest. */
export const scopeOf = (instance: string, action: BuildAction): URLSearchParams => {
  const query = new URLSearchParams();
  if (instance) query.set('instance', instance);
  if (action.digestFunction.toLowerCase() === 'blake3') query.set('digestFunction', 'blake3'); // the others are known by the length of their hashes
  return query;
};
