/** What a screen is given. */
import type { Address } from "../address";
import type { About } from "../parts/files";

export interface ScreenProps {
  address: Address;
}

export interface FileScreenProps extends ScreenProps {
  /** The file's id. */
  file: string;
  /** How it stands. */
  about: About;
}
