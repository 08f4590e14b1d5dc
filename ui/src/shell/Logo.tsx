import { to } from "../address";
import icon from "../icon.svg";

export function Logo() {
  return (
    <a className="logo" href={to([])}>
      <img src={icon} alt="" width="22" height="22" /> Headrace
    </a>
  );
}
