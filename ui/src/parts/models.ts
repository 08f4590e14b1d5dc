/** Models by their names, as far as the server's routes tell them. */
import { ask, type Body } from "../server";

/** The names that routes lead from; a pattern that fits many names is none. */
export function namesOf(providers: { models: string[] }[]): string[] {
  const names = providers.flatMap((one) => one.models).filter((match) => !/[*?[\]]/.test(match));
  return [...new Set(names)];
}

/** The names of the models that the server has routes for. */
export async function askModels(signal: AbortSignal): Promise<string[]> {
  const { providers } = await ask<Body<"SettingsBody">>("GET", ["settings"], { signal });
  return namesOf(providers);
}
