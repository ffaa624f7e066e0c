import './table.css';

interface LabelTagProps {
  readonly children: string;
  /** Right and wrong are said by a sign too, not by colour alone. */
  readonly verdict?: 'right' | 'wrong';
}

/** A class label as a tag. */
export const LabelTag = ({ children, verdict }: LabelTagProps) => (
  <span className={`lab${verdict ? ` lab-${verdict}` : ''}`} title={children}>
    {verdict === 'right' ? <span aria-hidden="true">✓ </span> : null}
    {verdict === 'wrong' ? <span aria-hidden="true">✕ </span> : null}
    {children}
    {verdict ? <span className="visually-hidden">{verdict === 'right' ? ', right' : ', wrong'}</span> : null}
  </span>
);
