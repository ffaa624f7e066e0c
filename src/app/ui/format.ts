export * from '../../lib/format';
