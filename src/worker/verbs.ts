/** The verbs as a worker's methods: each gets the host, and passes its events on. */
import type { Control } from '../lib/control';
import type { Host, Verb } from '../workflow/host';
import { VERBS, type Verbs } from '../workflow/index';
import type { WorkflowMethods } from './protocol';
import type { Handlers } from './serve';

export function verbHandlers(host: Host): Pick<Handlers<WorkflowMethods>, keyof Verbs> {
  const handlers = Object.entries<Verb<never, unknown, unknown>>(VERBS).map(([name, verb]) => {
    const handler = (params: never, emit: (event: unknown) => void, control: Control) =>
      verb(host, params, { control, emit });
    return [name, handler];
  });
  return Object.fromEntries(handlers);
}
