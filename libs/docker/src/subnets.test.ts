import t from 'tap';
import { freeSubnets } from './subnets.js';

t.test('a range is cut into networks of 64 addresses, in their order', async (t) => {
  t.same([...freeSubnets('10.0.0.0/24', [])], ['10.0.0.0/26', '10.0.0.64/26', '10.0.0.128/26', '10.0.0.192/26']);
  t.same([...freeSubnets('198.18.0.77/15', [])].length, 2_048);
  t.same([...freeSubnets('198.18.0.77/15', [])].at(-1), '198.19.255.192/26');
});

t.test('whatever overlaps with a network in use is left out, whichever of them is larger', async (t) => {
  const free = (...used: string[]) => [...freeSubnets('10.0.0.0/24', used)];
  t.same(free('10.0.0.64/26', '10.0.0.130/32'), ['10.0.0.0/26', '10.0.0.192/26']);
  t.same(free('10.0.0.0/8'), []);
  t.same(free('10.0.0.0/25'), ['10.0.0.128/26', '10.0.0.192/26']);
  t.same(free('fd00::/64', 'nonsense', '192.168.0.0/16').length, 4, 'others do not matter');
});

t.test('a range that is none, or is too small, has nothing free', async (t) => {
  for (const range of ['fd00::/64', '10.0.0.0', '', '10.0.0.0/27']) t.same([...freeSubnets(range, [])], [], range);
});
