import { useReadAhead } from '../state/read-ahead';

export default function ReadAhead({ screen }: { readonly screen: string | null }) {
  const words = useReadAhead(screen);
  return words ? <p className="dim small ahead">{words}</p> : null;
}
