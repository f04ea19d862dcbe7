Feature: Conversion
  On a date revenue at resale becomes revenue at shipment, and on another one it goes back. The entry of the day is made of the
  units that partners hold. Units carry the basis they are on, so that nothing is recognised twice.

  Scenario: The opening entry of an adoption
    Intel, annual report 2018, opening balances under the revenue standard (case 10), in USD millions: deferred income falls by
    1,356, receivables by 530, inventories and other current assets rise by 47 and 64, accrued liabilities by 81, deferred
    taxes by 191, and retained earnings by 665. Price and cost of what was held are not published: 2,000 and 644 stand for
    them, whose difference is the 1,356.

    Given conversions of an adoption and back
    And these parts
      | part | concession | refund | recoverable | to stock | tax |
      | CPU  | 530        | 81     | 64          | 47       | 191 |
    And these shipments
      | company | document | date       | partner | part | quantity | price | cost |
      | INTEL   | S-1      | 2017-12-10 | DISTY   | CPU  | 1        | 2000  | 644  |
    And these changes of basis
      | company | partner | date       | new basis |
      | INTEL   | DISTY   | 2018-01-01 | sell-in   |
    When what is known on 2018-01-02 is loaded
    And FY2017-P12 is closed for good
    And FY2018-P01 is closed on trial
    Then the journal posts
      | title                     | debit | credit |
      | Accounts receivable       | 0     | 530    |
      | Inventories               | 47    | 0      |
      | Other current assets      | 64    | 0      |
      | Deferred income           | 1,356 | 0      |
      | Other accrued liabilities | 0     | 81     |
      | Deferred income taxes     | 0     | 191    |
      | Retained earnings         | 0     | 665    |
    And every tie-out holds

  Scenario: To revenue at shipment and back, with and without
    Worked by hand. Ten units at 100 that cost 60 are deferred in December: 400 of margin. On 1 January they become sold: the
    400 go to retained earnings, less 5 of concessions and 7 of tax each: 280. Four are resold in January and no revenue comes
    of it; ten more are shipped and are revenue at once. On 1 March the 16 still held go back: 16 x 40 = 640 are deferred
    again, against 448 of retained earnings, 80 of concessions and 112 of tax. Two resold in March are revenue once more.
    Nothing moves in February.

    Given conversions of an adoption and back
    And these parts
      | part | concession | refund | recoverable | to stock | tax |
      | X    | 5          | 0      | 0           | 0        | 7   |
    And these shipments
      | company | document | date       | partner | part | quantity | price | cost |
      | CO      | S-1      | 2017-12-10 | ACME    | X    | 10       | 100   | 60   |
      | CO      | S-2      | 2018-01-15 | ACME    | X    | 10       | 100   | 60   |
    And these resales
      | company | document | date       | partner | part | quantity |
      | CO      | R-1      | 2018-01-20 | ACME    | X    | 4        |
      | CO      | R-2      | 2018-03-20 | ACME    | X    | 2        |
    And these changes of basis
      | company | partner | date       | new basis    |
      | CO      | ACME    | 2018-01-01 | sell-in      |
      | CO      | ACME    | 2018-03-01 | sell-through |
    When what is known on 2018-04-02 is loaded
    And FY2017-P12 is closed for good
    And FY2018-P01 is closed for good
    Then the books have earned
      | title         | posted | as-if-not-converted |
      | Revenue       | 1,000  | 400                 |
      | Cost of sales | -600   | -240                |
    And the deferral is
      | role            | movement           | amount |
      | deferred-income | opening            | 400    |
      | deferred-income | convert-to-sell-in | -400   |
      | deferred-income | closing            | 0      |
    And the with and without are
      | with it | without it | effect |
      | 1,000   | 400        | 600    |
    When FY2018-P02 is closed for good
    And FY2018-P03 is closed on trial
    Then the deferral is
      | role            | movement                | amount |
      | deferred-income | opening                 | 0      |
      | deferred-income | convert-to-sell-through | 640    |
      | deferred-income | recognise               | -80    |
      | deferred-income | closing                 | 560    |
    And the journal posts
      | title                 | debit | credit |
      | Accounts receivable   | 80    | 0      |
      | Deferred income       | 80    | 640    |
      | Deferred income taxes | 112   | 0      |
      | Retained earnings     | 448   | 0      |
      | Revenue               | 0     | 200    |
      | Cost of sales         | 120   | 0      |
    And the with and without are
      | with it | without it | effect |
      | 1,200   | 600        | 600    |
    And no control is broken
    And every tie-out holds
