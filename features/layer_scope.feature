Feature: Where layers are kept
  Layers are kept place by place: what lies at one place cannot be sold from another. The published cases of transfers
  between places (8), of highest cost first (10) and of average cost (12) are for a later version: `moves A to A of
  receiver`, `leave dearest first` and `leave at average` are refused by `tieout check` until then.

  Scenario: First in, first out, over two receipts and at two places
    hledger's functional tests of lot methods, numbers 4, 5 and 9 (case 39); number 1, last in first out, is among the
    costing methods. The tests give no cost for number 9; any will do.

    Given goods kept oldest first
    And the parts fifo, scope, span
    And the places broker1, broker2
    And these receipts
      | document | date       | place   | part  | quantity | unit cost |
      | 4a       | 2026-01-15 | broker1 | fifo  | 10       | 50        |
      | 4b       | 2026-02-01 | broker1 | fifo  | 10       | 50        |
      | 5a       | 2026-01-15 | broker1 | scope | 10       | 50        |
      | 5b       | 2026-01-15 | broker2 | scope | 5        | 50        |
      | 9a       | 2026-01-15 | broker1 | span  | 10       | 50        |
      | 9b       | 2026-02-01 | broker1 | span  | 5        | 50        |
    And these sales
      | number | date       | place   | part  | quantity | unit price |
      | 4c     | 2026-02-15 | broker1 | fifo  | 15       | 55         |
      | 5c     | 2026-02-15 | broker1 | scope | 10       |            |
      | 9c     | 2026-02-15 | broker1 | span  | 12       |            |
    When what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the goods on hand are
      | place   | part  | receipt date | remaining |
      | broker1 | fifo  | 2026-02-01   | 5         |
      | broker2 | scope | 2026-01-15   | 5         |
      | broker1 | span  | 2026-02-01   | 3         |
    And among the results are
      | part | gain |
      | fifo | 75   |

  Scenario: Stock elsewhere does not help
    hledger, number 6 (case 39): eight are sold from a place that holds five, though another holds ten.

    Given goods kept oldest first
    And the parts scope
    And the places broker1, broker2
    And these receipts
      | document | date       | place   | part  | quantity | unit cost |
      | 6a       | 2026-01-15 | broker1 | scope | 5        | 50        |
      | 6b       | 2026-01-15 | broker2 | scope | 10       | 50        |
    And these sales
      | number | date       | place   | part  | quantity |
      | 6c     | 2026-01-20 | broker1 | scope | 8        |
    When what is known on 2026-02-02 is loaded
    And somebody tries to close FY2026-P01
    Then the close is refused: "more units leave than are held: sale OWN 6c of 2026-01-20 is short by 3 units at OWN, broker1, scope"
    And nothing is published
