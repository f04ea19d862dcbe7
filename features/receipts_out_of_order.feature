Feature: Receipts entered out of order
  Goods leave by the date of their receipt, whatever the order in which the receipts were entered; and never more of them
  than there are.

  Scenario: Reductions of seven sizes, each from the same three receipts
    Beancount's booking tests, and amounts derived from them (case 36). Each size has a part of its own, so that each
    starts from the same three receipts.

    Given goods kept oldest first
    And the parts none, two, four, seven, nine, twelve, fifteen
    And these receipts
      | document | date       | part    | quantity | unit cost |
      | 0b       | 2015-10-02 | none    | 5        | 111.11    |
      | 0a       | 2015-10-01 | none    | 4        | 100.00    |
      | 0c       | 2015-10-03 | none    | 6        | 122.22    |
      | 2b       | 2015-10-02 | two     | 5        | 111.11    |
      | 2a       | 2015-10-01 | two     | 4        | 100.00    |
      | 2c       | 2015-10-03 | two     | 6        | 122.22    |
      | 4b       | 2015-10-02 | four    | 5        | 111.11    |
      | 4a       | 2015-10-01 | four    | 4        | 100.00    |
      | 4c       | 2015-10-03 | four    | 6        | 122.22    |
      | 7b       | 2015-10-02 | seven   | 5        | 111.11    |
      | 7a       | 2015-10-01 | seven   | 4        | 100.00    |
      | 7c       | 2015-10-03 | seven   | 6        | 122.22    |
      | 9b       | 2015-10-02 | nine    | 5        | 111.11    |
      | 9a       | 2015-10-01 | nine    | 4        | 100.00    |
      | 9c       | 2015-10-03 | nine    | 6        | 122.22    |
      | 12b      | 2015-10-02 | twelve  | 5        | 111.11    |
      | 12a      | 2015-10-01 | twelve  | 4        | 100.00    |
      | 12c      | 2015-10-03 | twelve  | 6        | 122.22    |
      | 15b      | 2015-10-02 | fifteen | 5        | 111.11    |
      | 15a      | 2015-10-01 | fifteen | 4        | 100.00    |
      | 15c      | 2015-10-03 | fifteen | 6        | 122.22    |
    And these sales
      | number | date       | part    | quantity |
      | 0      | 2015-10-31 | none    | 0        |
      | 2      | 2015-10-31 | two     | 2        |
      | 4      | 2015-10-31 | four    | 4        |
      | 7      | 2015-10-31 | seven   | 7        |
      | 9      | 2015-10-31 | nine    | 9        |
      | 12     | 2015-10-31 | twelve  | 12       |
      | 15     | 2015-10-31 | fifteen | 15       |
    When what is known on 2015-11-02 is loaded
    And FY2015-P10 is closed on trial
    Then the goods out are
      | number | quantity | unit cost | document |
      | 2      | 2        | 100.00    | 2a       |
      | 4      | 4        | 100.00    | 4a       |
      | 7      | 4        | 100.00    | 7a       |
      | 7      | 3        | 111.11    | 7b       |
      | 9      | 4        | 100.00    | 9a       |
      | 9      | 5        | 111.11    | 9b       |
      | 12     | 4        | 100.00    | 12a      |
      | 12     | 5        | 111.11    | 12b      |
      | 12     | 3        | 122.22    | 12c      |
      | 15     | 4        | 100.00    | 15a      |
      | 15     | 5        | 111.11    | 15b      |
      | 15     | 6        | 122.22    | 15c      |
    And among the results are
      | part    | cost of goods |
      | two     | 200.00   |
      | four    | 400.00   |
      | seven   | 733.33   |
      | nine    | 955.55   |
      | twelve  | 1,322.21 |
      | fifteen | 1,688.87 |
    And every tie-out holds

  Scenario: A sixteenth unit stops the close
    Beancount as above (case 36), the eighth size: there are not enough units to reduce.

    Given goods kept oldest first
    And the parts sixteen
    And these receipts
      | document | date       | part    | quantity | unit cost |
      | 16b      | 2015-10-02 | sixteen | 5        | 111.11    |
      | 16a      | 2015-10-01 | sixteen | 4        | 100.00    |
      | 16c      | 2015-10-03 | sixteen | 6        | 122.22    |
    And these sales
      | number | date       | part    | quantity |
      | 16     | 2015-10-31 | sixteen | 16       |
    When what is known on 2015-11-02 is loaded
    And somebody tries to close FY2015-P10
    Then the close is refused: "more units leave than are held: sale OWN 16 of 2015-10-31 is short by 1 units at OWN, sixteen"
    And nothing is published
