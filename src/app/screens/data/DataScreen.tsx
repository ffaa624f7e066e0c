import { ScreenFrame } from '../../shell/Screen';

export default function DataScreen() {
  return <ScreenFrame title="Open a CSV to begin" />;
}
