import { ScreenFrame } from '../../shell/Screen';

export default function PromptsScreen() {
  return <ScreenFrame title="Open a CSV first" />;
}
