/** Who is looking. */
import { createContext, useContext } from "react";

export interface Who {
  /** Whether the server has no keys, so that there is nobody to sign in. */
  is_open: boolean;
  /** The id by which who did something is told. */
  id: string;
  name: string;
  email: string;
  right: "reader" | "runner" | "editor" | "admin";
  organisation: string;
}

const RIGHTS = ["reader", "runner", "editor", "admin"] as const;

export const Session = createContext<Who | null>(null);

/** Whether who is looking has a right. The server decides; this only spares people what it would refuse. */
export function useMay(right: Who["right"]): boolean {
  const who = useContext(Session);
  return who !== null && RIGHTS.indexOf(who.right) >= RIGHTS.indexOf(right);
}

export function useWho(): Who | null {
  return useContext(Session);
}
