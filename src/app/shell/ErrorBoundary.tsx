import { Component, type ReactNode } from 'react';
import { Button } from '../ui/Button';
import { EmptyState } from '../ui/EmptyState';

/** A bug in one screen must not take the page away: saved work stays, and the other screens keep working. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <EmptyState
        title="This screen failed"
        action={<Button onPress={() => this.setState({ error: null })}>Open it again</Button>}
      >
        {`${error.message}. Your saved work is safe, and the other screens work. If it fails again, reload the page.`}
      </EmptyState>
    );
  }
}
