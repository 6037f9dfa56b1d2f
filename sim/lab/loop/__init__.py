"""The closed loop: what to order, to charge and to write in the coming weeks, and what it earns over business as usual.

1. A world lives its warm-up, the history, under the usual line-up.
2. On that morning it goes on twice from the same bytes and with the same draws: as usual, and with the loop's line-up.
3. After the weeks of the plan both work as usual again for as long (or until the calendar ends), so that returns, stock
   and customers' tempers that the weeks leave behind are counted.
4. All of it again with other seeds: other people, other weather, other trucks.

What the plan is: **the decisions of the first replication**, day by day, as the engine accepted them (minimum orders,
red lines): one consistent story in which stock, prices and messages belong together. It is not what all futures have in
common: from its second day on it answers to a simulated day, so work with the first days and make it again every week.
Beside each figure stands the spread of the same figure over all replications (5 % and 95 % quantiles): where it is wide
the plan hangs on what happens. The expected profit, its interval and the verdict are of all replications, pair by pair.
"""
