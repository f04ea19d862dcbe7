Feature: Sales return and late freight
  A unit that is bought, sold and returned is one unit at one cost: the return is no source of cost of its own. Freight
  on its receipt that becomes known later is cost of that unit.

  Microsoft Dynamics 365 Business Central, design details: item application (case 32). The source spreads the four events
  over four months; here they lie in one, so that it is open, or closed, as a whole.

  Scenario: While the months are open the freight reaches the sale and its return
    The charge is one of the receipt, and takes effect on the day after it: what is held when a day begins changes, and
    the unit came in during the day before.

    Given goods kept freight
    And the parts X
    And these receipts
      | document | date       | part | quantity | unit cost |
      | 1        | 2026-01-01 | X    | 1        | 1000      |
    And these sales
      | number | date       | part | quantity |
      | 2      | 2026-01-10 | X    | 1        |
    And these sales returns
      | number | date       | part | quantity |
      | 3      | 2026-01-20 | X    | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the goods out are
      | number | document | cost moved |
      | 2      | 1        | 1,000      |
    And the goods back are
      | number | document | cost moved |
      | 3      | 1        | 1,000      |
    When these freight charges become known
      | number | date       | document | unit charge |
      | 4      | 2026-01-02 | 1        | 100         |
    And what is known on 2026-02-04 is loaded
    And FY2026-P01 is closed on trial
    Then the goods out are
      | number | document | cost moved |
      | 2      | 1        | 1,100      |
    And the goods back are
      | number | document | cost moved |
      | 3      | 1        | 1,100      |
    And the goods on hand are
      | document | remaining | value |
      | 1        | 1         | 1,100 |
    And every tie-out holds

  Scenario: After a hard close the freight stays with the unit held
    January is closed for good before the charge is known, so its sale and return stand at 1,000; the charge raises the
    unit that came back. To restate a sale and its return in the open month is for a later version, with corrections.

    Given goods kept freight
    And the parts X
    And these receipts
      | document | date       | part | quantity | unit cost |
      | 1        | 2026-01-01 | X    | 1        | 1000      |
    And these sales
      | number | date       | part | quantity |
      | 2      | 2026-01-10 | X    | 1        |
    And these sales returns
      | number | date       | part | quantity |
      | 3      | 2026-01-20 | X    | 1        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    And these freight charges become known
      | number | date       | document | unit charge |
      | 4      | 2026-01-02 | 1        | 100         |
    And what is known on 2026-02-04 is loaded
    And FY2026-P02 is closed on trial
    Then there are no goods out
    And there are no goods back
    And the goods on hand are
      | document | remaining | value |
      | 1        | 1         | 1,100 |
    And the balances are
      | role          | movement    | amount |
      | inventory     | opening     | 1,000  |
      | inventory     | add-freight | 100    |
      | inventory     | closing     | 1,100  |
      | cost-of-sales | opening     | 0      |
      | cost-of-sales | closing     | 0      |
    And every tie-out holds
