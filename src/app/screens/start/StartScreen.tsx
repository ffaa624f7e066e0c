import { ScreenFrame } from '../../shell/Screen';

export const StartScreen = () => (
  <ScreenFrame title="Teach a small language model your labels, and see whether it beats the prompt you wrote" />
);
