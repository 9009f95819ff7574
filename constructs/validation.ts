/**
 * Validation of an app once for each synth. cdk8s validates the whole app at the start of `app.synth()`, and again for each chart that it
 * writes: the time would grow with the square of the number of charts.
 */
import { App } from 'cdk8s';
import type { IConstruct } from 'constructs';

/** The constructs without errors, by the app that is being synthesised. */
const validated = new WeakMap<App, Set<IConstruct>>();
const wrapped = new WeakSet<App>();

/** Adds a validation to a construct. Within one synth of its app it is not run again after it has found no error. */
export function validateOnce(construct: IConstruct, validate: () => string[]): void {
  const app = App.of(construct);
  wrapSynth(app);
  construct.node.addValidation({
    validate: () => {
      const known = validated.get(app);
      if (known?.has(construct)) return [];
      const errors = validate();
      if (errors.length === 0) known?.add(construct);
      return errors;
    },
  });
}

function wrapSynth(app: App): void {
  if (wrapped.has(app)) return;
  wrapped.add(app);
  const synth = app.synth.bind(app);
  app.synth = () => {
    validated.set(app, new Set());
    try {
      synth();
    } finally {
      validated.delete(app);
    }
  };
}
