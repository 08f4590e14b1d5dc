import { Empty } from "../../parts/simple";

export default function Home() {
  return <Empty title="Files" />;
}
