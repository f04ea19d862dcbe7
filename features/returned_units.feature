Feature: Where a returned unit goes
  A unit that comes back is the same unit: it keeps its cost. Whether it keeps its place in the queue too, or goes to the
  back of it as in Odoo, is a phrase of the rules.

  Scenario: Returns of deliveries, returns of receipts, and returns of returns
    Odoo's tests of stock valuation layers (case 44): value and quantity at the end of each history. For the return of a
    return of a delivery the source has 10, as its unit went to the back; a unit in its old place gives 20, derived in
    the case. In "out of nothing" ten units leave before any came in: Odoo books them at a standard price of 1 until the
    receipt comes, here they wait for it; what is left in the end is the same.

    Given goods kept sales wait
    And the parts delivery returned, receipt returned, out of nothing, receipt twice returned, delivery twice returned
    And these receipts
      | document | date       | part                    | quantity | unit cost |
      | A1       | 2026-01-01 | delivery returned       | 10       | 10        |
      | A2       | 2026-01-03 | delivery returned       | 10       | 20        |
      | B1       | 2026-01-01 | receipt returned        | 10       | 10        |
      | B2       | 2026-01-02 | receipt returned        | 10       | 20        |
      | C1       | 2026-01-02 | out of nothing          | 10       | 2         |
      | D1       | 2026-01-01 | receipt twice returned  | 1        | 10        |
      | D2       | 2026-01-02 | receipt twice returned  | 1        | 20        |
      | E1       | 2026-01-01 | delivery twice returned | 1        | 10        |
      | E2       | 2026-01-02 | delivery twice returned | 1        | 20        |
    And these sales
      | number | date       | part                    | quantity |
      | A3     | 2026-01-02 | delivery returned       | 10       |
      | C2     | 2026-01-01 | out of nothing          | 10       |
      | D3     | 2026-01-03 | receipt twice returned  | 1        |
      | E3     | 2026-01-03 | delivery twice returned | 1        |
      | E5     | 2026-01-05 | delivery twice returned | 1        |
    And these sales returns
      | number | date       | part                    | quantity |
      | A4     | 2026-01-04 | delivery returned       | 10       |
      | C3     | 2026-01-03 | out of nothing          | 10       |
      | E4     | 2026-01-04 | delivery twice returned | 1        |
    And these vendor returns
      | number | date       | part                   | quantity | document |
      | B3     | 2026-01-03 | receipt returned       | 2        | B1       |
      | D4     | 2026-01-04 | receipt twice returned | 1        | D1       |
    And these vendor resends
      | number | date       | part                   | quantity |
      | D5     | 2026-01-05 | receipt twice returned | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the results are
      | part                    | units held | value held |
      | delivery returned       | 20       | 300   |
      | receipt returned        | 18       | 280   |
      | out of nothing          | 10       | 20    |
      | receipt twice returned  | 1        | 20    |
      | delivery twice returned | 1        | 20    |
    And every tie-out holds

  Scenario: Deliveries returned to the back of the queue
    Odoo's tests of stock valuation layers (case 44), as published: the unit of 10 that came back stands behind the unit of
    20, so the second delivery takes the 20 and leaves 10. Of ten that came back behind ten of 20, fifteen more take those
    ten and then five of the ten at 10: 200 + 50.

    Given goods kept with returns at the back
    And the parts delivery returned, delivery twice returned
    And these receipts
      | document | date       | part                    | quantity | unit cost |
      | A1       | 2026-01-01 | delivery returned       | 10       | 10        |
      | A2       | 2026-01-03 | delivery returned       | 10       | 20        |
      | E1       | 2026-01-01 | delivery twice returned | 1        | 10        |
      | E2       | 2026-01-02 | delivery twice returned | 1        | 20        |
    And these sales
      | number | date       | part                    | quantity |
      | A3     | 2026-01-02 | delivery returned       | 10       |
      | E3     | 2026-01-03 | delivery twice returned | 1        |
      | E5     | 2026-01-05 | delivery twice returned | 1        |
    And these sales returns
      | number | date       | part                    | quantity |
      | A4     | 2026-01-04 | delivery returned       | 10       |
      | E4     | 2026-01-04 | delivery twice returned | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the results are
      | part                    | units held | value held |
      | delivery returned       | 20         | 300        |
      | delivery twice returned | 1          | 10         |
    When these sales become known
      | number | date       | part              | quantity |
      | A5     | 2026-02-10 | delivery returned | 15       |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the goods out are
      | number | document | quantity | cost moved |
      | A5     | A2       | 10       | 200        |
      | A5     | A1       | 5        | 50         |
    And every tie-out holds
